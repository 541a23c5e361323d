# Страницы получателя. Коротко и просто, на «вы».

skip = К содержанию
back = Назад
language-name = Русский
error-prefix = Ошибка: { $title }
there-is-a-problem = Нужно исправить
call-the-shop = Позвонить в магазин
phone-optional = (необязательно)

ask-title = Вы будете дома?
ask-window = Вы будете дома
ask-window-end = ?
ask-open = Когда вы будете дома?
ask-open-sub = Мы сообщим точное время до выезда.
ask-sub = { $day }, { $address }
ask-late = Мы опаздываем. Новое время:
ask-late-end = { "" }
ask-late-sub = { $day }, { $address }. Вам это подходит?
ask-missed = Мы не застали вас в { $at }
ask-missed-sub = У двери ничего не оставили. Деньги не взяты.
ask-yes = Да, я буду дома
ask-yes-small = Оставьте для нас свет
ask-yes-late = Подходит, я дома
ask-later = Сегодня позже
ask-not-today = В другой день
ask-other = Примет кто-то другой
ask-cancel = Отменить заказ
ask-answers = Ваш ответ
change-until = Ответ можно изменить до { $at }.
refused-too-late = Здесь это изменить уже нельзя. Позвоните в магазин.
refused-moved-on = За это время что-то изменилось. Вот как обстоит дело сейчас.
refused-stale = Страница устарела. Выберите ещё раз.
refused-set-off = Курьер уже выехал. Ваш ответ он увидит.
refused-at-door = Курьер уже у двери. Ваш ответ он увидит.

later-title = Когда вы сегодня дома?
later-hint = Только время, которое курьер успеет. Бесплатно.
later-slots = Свободное время
later-none = На сегодня времени не осталось. Выберите другой день.
later-to = до { $at }
later-time = Другое время, не раньше
later-time-none = Нет
later-cold = В заказе есть холодное. До тех пор оно лежит в холодильнике магазина.
later-submit = Приезжайте тогда
later-submit-small = Потом можно изменить
no-time = Выберите время
time-taken = Это время уже занято. Выберите другое
after-hours = После { $at } курьеров нет. Выберите время пораньше или другой день

not-today-title = Какой день вам подходит?
not-today-days = Свободные дни
not-today-none = Свободных дней пока нет. Позвоните в магазин.
not-today-hint = До выезда мы спросим ещё раз.
not-today-cold = Холодное ждать не может. Магазин соберёт его заново.
not-today-submit = Приезжайте в этот день
not-today-submit-small = Деньги остаются удержанными
no-day = Выберите день
day-taken = Этот день уже занят. Выберите другой

other-title = Кто примет заказ?
other-name = Имя
other-phone = Телефон
other-phone-hint = Чтобы курьер мог связаться.
other-submit = Примет этот человек
other-submit-small = Нужен код с этой страницы
no-name = Напишите имя того, кто дома
bad-name = Имя не длиннее 120 букв
bad-phone = Напишите номер с кодом страны, например +1 555 0110

address-title = Где это?
address-sub = Мы не нашли ваш адрес. Пока он неясен, выехать нельзя.
address-told = Спасибо. Мы ищем адрес.
address-told-sub = Написанное можно исправить.
address-shop-has = Адрес, который есть у магазина
address-label = Ваш адрес
address-hint = Улица, дом, подъезд, этаж и что рядом.
address-submit = Отправить адрес
address-submit-small = Его найдут на карте
no-address = Напишите адрес
bad-address = Адрес не длиннее 300 букв

cancel-title = Отменить этот заказ?
cancel-back = Вам вернут { $amount }.
cancel-carried = Заказ уже у курьера и вернётся в магазин. Деньги вернут, когда он будет там.
cancel-kept = За начатую поездку удержат { $amount }.
cancel-later = Лучше сегодня позже
cancel-not-today = Лучше в другой день
cancel-yes = Да, отменить
cancel-no = Нет, оставить

answered-home = Хорошо. До встречи
answered-home-end = { "" }
answered-home-open = Хорошо. Вы дома
answered-from = Хорошо. Приедем после { $at }
answered-day = Хорошо. Приедем: { $day }
answered-day-open = Хорошо. Не сегодня
answered-until = Хорошо. Вы дома до { $at }
answered-place = Хорошо. Спросим диспетчера
answered-receiver = Хорошо. Примет { $name }
answered-sub = Больше не спросим, если время не изменится.
answered-sub-later = До выезда мы спросим ещё раз.
answered-sub-place = Названное место: { $place }. До выезда его посмотрит сотрудник.
answered-sub-receiver = { $name }: у двери понадобится код с этой страницы.
courier-comes = К вам едет { $courier }
courier-none = Сообщим, кто приедет
stops-before = { $count ->
    [0] Вы следующие
    [one] Перед вами { $count } остановка
    [few] Перед вами { $count } остановки
   *[other] Перед вами { $count } остановок
  }
note-label = Что нужно знать курьеру?
note-hint = До 140 букв: подъезд, домофон, собака.
note-submit = Оставить заметку
note-kept = Заметка оставлена.
note-too-long = Не больше 140 букв
kept-set-off = Ответ принят. { $courier } уже в пути и увидит его.
kept-at-door = Ответ принят, но { $courier } уже у двери.
code-label = Ваш код для двери
code-later = У двери назовите код. Он появится здесь, когда курьер будет близко.
code-never = Мы никогда не спрашиваем код по телефону.
change-answer = Изменить ответ

way-title = Ваш заказ в пути
way-minutes = мин
way-soon = скоро
way-about = около
way-promised = обещано до { $at }
step-packed = Собран
step-on-the-way = В пути
step-next = Вы следующие
step-at-door = У двери
way-next = Вы следующая остановка
way-brings = везёт ваш заказ
way-seen = { $minutes ->
    [0] На связи только что.
    [one] На связи { $minutes } минуту назад.
    [few] На связи { $minutes } минуты назад.
   *[other] На связи { $minutes } минут назад.
  }
way-last-seen = Последний раз на связи в { $at }.
way-not-home = Всё-таки не дома?
way-show-code = Показать код
way-still = Не обновлять
way-refresh = Обновлять автоматически

near-title = { $courier } у вашей двери
near-title-early = Ваш код, курьер: { $courier }
near-sub = Назовите или покажите. { $count ->
    [one] { $count } место
    [few] { $count } места
   *[other] { $count } мест
  }, { $total }.
near-sub-open = Назовите или покажите. { $count ->
    [one] { $count } место
    [few] { $count } места
   *[other] { $count } мест
  }.
near-early = Курьер перед вами? Показывайте код только тогда.
near-warn-head = Только у двери.
near-warn = Код означает, что заказ у вас. Мы не спрашиваем его по телефону и в сообщениях.
near-locked = Слишком много неверных кодов: этот код больше не действует. Создайте новый и назовите его у двери.
near-new-code = Создать новый код

receipt-title = Ваш с { $at }
receipt-title-other = Передан в { $at }
receipt-sub = Вам передал курьер { $courier }, { $day }.
receipt-sub-other = Получатель: { $name }. Передал курьер { $courier }, { $day }.
receipt-sub-open = Передан вам, { $day }.
receipt-sub-other-open = Получатель: { $name }, { $day }.
receipt-proof = Подтверждено
proof-code = ваш код
proof-scan = сканирование
proof-photo = фото
proof-signature = подпись
proof-witness = сотрудник службы
receipt-total = Итого
money-held = Удержано
money-taken = Взято
money-given-back = Возвращено
money-owed = Взять пока не удалось; магазин сообщит
money-wanted = Ещё не удержано; до этого никто не приедет
money-waiting = Удержано, пока магазин не подтвердит
receipt-problem = Чего-то не хватает, что-то сломано или это были не вы?
receipt-problem-call = Позвонить в магазин
receipt-object = Я это не получал(а)
receipt-object-reason = Что не так?
receipt-object-hint = Деньги не возьмут, пока сотрудник не разберётся.
receipt-objected = Вы сообщили о проблеме. Сотрудник разбирается; до этого деньги не возьмут.
receipt-closes = Эта страница закроется: { $day }.

gone-unknown = Эта ссылка никуда не ведёт
gone-unknown-sub = Возможно, в ней опечатка или доставка окончена. Спросите в магазине.
gone-finished = Эта доставка окончена
gone-finished-sub = Вопросы? Спросите в магазине.
gone-cancelled = Этот заказ отменён
gone-cancelled-sub = Он не приедет.
gone-returned = Ваш заказ вернулся в магазин
gone-returned-sub = Магазин сообщит, что дальше.
gone-lost = Ваш заказ потерян
gone-lost-sub = Магазин знает и сообщит, что дальше.

error-bad-request = Не получилось
error-bad-request-sub = Страница устарела, или чего-то не хватило. Ничего не изменилось. Вернитесь и попробуйте ещё раз.
error-too-many = Слишком много попыток
error-too-many-sub = Подождите минуту и попробуйте ещё раз. Ничего не изменилось.
error-internal = У нас что-то сломалось
error-internal-sub = Прежние ответы сохранены. Попробуйте через минуту или позвоните в магазин.
error-number = Номер для магазина: { $id }
error-go-on = К моей доставке
